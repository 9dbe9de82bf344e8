from typing import Any

from django.conf import settings
from django.db import migrations

import services.models.encrypted
import services.models.workspace


def keep_old_passwords(apps: Any, _: object) -> None:
    """Those of earlier workspaces were made of the first encryption key, and their databases'
    volumes open with nothing else. (The column's default would be one seed for all of them.)"""
    seed = str(settings.KYOZO["ENCRYPTION_KEYS"][0])
    apps.get_model("services", "Workspace").objects.update(password_seed=seed)


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0010_git_host_key"),
    ]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="password_seed",
            field=services.models.encrypted.EncryptedJSONField(
                default=services.models.workspace.new_seed, editable=False
            ),
        ),
        migrations.RunPython(keep_old_passwords, migrations.RunPython.noop),
    ]
