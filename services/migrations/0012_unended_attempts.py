from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0011_password_seed"),
    ]

    operations = [
        migrations.AddField(
            model_name="operation",
            name="unended",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
