from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def name_what_runs(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Until now containers were made with their names."""
    instance = apps.get_model("services", "Instance")
    instance.objects.filter(removed_at=None).update(is_named=True)


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0003_port_before"),
    ]

    operations = [
        migrations.AddField(
            model_name="instance",
            name="is_named",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="instance",
            name="hidden_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(name_what_runs, migrations.RunPython.noop),
    ]
