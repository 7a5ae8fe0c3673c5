from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [('albums', '0002_other_names'), ('contenttypes', '0002_remove_content_type_name')]

    operations = [migrations.RenameModel('Album', 'Collection')]
