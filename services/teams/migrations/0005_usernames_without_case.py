# Two names that differ in capitals only cannot be told apart by people. The table is Django's own, so
# the index is no part of a model of ours.

from django.db import migrations
from django.db.models.functions import Lower

INDEX = "usernames_without_case"


def tell_apart(apps, schema_editor):
    """Of names that differ so already the oldest keeps its own; its number tells the other."""
    User = apps.get_model("auth", "User")
    seen = set()
    for user in User.objects.annotate(lower=Lower("username")).order_by("pk"):
        if user.lower in seen:
            user.username = f"{user.username[:130]}-{user.pk}"
            user.save(update_fields=["username"])
        seen.add(user.lower)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("teams", "0004_sign_in_link_team"),
    ]

    operations = [
        migrations.RunPython(tell_apart, migrations.RunPython.noop),
        migrations.RunSQL(
            f"CREATE UNIQUE INDEX {INDEX} ON auth_user (LOWER(username))",
            f"DROP INDEX {INDEX}",
        ),
    ]
