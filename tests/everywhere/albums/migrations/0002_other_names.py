from django.db import migrations

from django_copyleaks_image.operations import RenameWatchedField


class Migration(migrations.Migration):

    dependencies = [('albums', '0001_initial')]

    operations = [
        migrations.RenameField('album', 'image', 'picture'),
        RenameWatchedField('album', 'image', 'picture'),
        RenameWatchedField('album', 'extra', 'meta'),
        migrations.RenameField('album', 'extra', 'meta'),
    ]
