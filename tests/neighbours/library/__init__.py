"""A media library of django-filer, of which the pictures alone are scanned."""
