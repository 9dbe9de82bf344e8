from django.db import migrations, models

import services.models.encrypted


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0005_pulled_image"),
    ]

    operations = [
        migrations.AddField(
            model_name="workspace", name="git_url", field=models.TextField(blank=True)
        ),
        migrations.AddField(
            model_name="workspace",
            name="git_ref",
            field=models.CharField(blank=True, max_length=250),
        ),
        migrations.AddField(
            model_name="workspace",
            name="git_commit",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="workspace",
            name="git_credential",
            field=services.models.encrypted.EncryptedJSONField(default=dict),
        ),
        migrations.AddField(
            model_name="release",
            name="git_commit",
            field=models.CharField(blank=True, max_length=64),
        ),
    ]
