from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0009_newest_first"),
    ]

    operations = [
        migrations.AddField(
            model_name="workspace", name="git_host_key", field=models.TextField(blank=True)
        ),
    ]
