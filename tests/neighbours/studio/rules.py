"""Of django-rules: whoever owns a plate may change it."""

import rules


@rules.predicate
def owns(user, plate):  # type: ignore[no-untyped-def]
    return plate is not None and plate.owner_id == user.pk


rules.add_perm("studio.change_plate", owns)
