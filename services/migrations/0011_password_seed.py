from django.db import migrations

import services.models.encrypted
import services.models.workspace


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
    ]
