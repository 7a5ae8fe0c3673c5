"""The admins that the packages ask for, with our mixin before them."""

from typing import Any

from django.contrib import admin
from guardian.admin import GuardedModelAdmin
from import_export.admin import ImportExportModelAdmin
from mptt.admin import DraggableMPTTAdmin
from polymorphic.admin import PolymorphicChildModelAdmin, PolymorphicParentModelAdmin
from simple_history.admin import SimpleHistoryAdmin
from sorl.thumbnail.admin import AdminImageMixin

from django_copyleaks_image.admin import CopyleaksImageMixin

from . import models

OF_THE_PACKAGES: dict[Any, tuple[type, ...]] = {
    models.Easy: (),
    models.Sorl: (AdminImageMixin,),
    models.Kit: (),
    models.Std: (),
    models.Versatile: (),
    models.Resized: (),
    models.Sources: (),
    models.Circle: (PolymorphicChildModelAdmin,),
    models.Shape: (PolymorphicParentModelAdmin,),
    models.Leaf: (DraggableMPTTAdmin,),
    models.Sheet: (ImportExportModelAdmin,),
    models.Journal: (SimpleHistoryAdmin,),
    models.Plate: (GuardedModelAdmin,),
}
OF_POLYMORPHIC = {"base_model": models.Shape, "child_models": (models.Circle,), "polymorphic_list": True}

for model, bases in OF_THE_PACKAGES.items():
    made = (*bases, admin.ModelAdmin) if bases in ((), (AdminImageMixin,)) else bases
    options = OF_POLYMORPHIC if issubclass(model, models.Shape) else {}
    admin.site.register(model, type(f"{model.__name__}Admin", (CopyleaksImageMixin, *made), options))
