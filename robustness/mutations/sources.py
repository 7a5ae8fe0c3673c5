"""Named classes, sources of pictures, and fields that get another name."""

from .protection import Protection

PROTECTIONS = (
    Protection(
        "most derived class first",
        "registry.py",
        "(-len(model.__mro__), model._meta.label)",
        "(len(model.__mro__), model._meta.label)",
        "tests/test_watched_classes.py -k keep_both",
    ),
    Protection(
        "objects of the named class alone",
        "watched_fields.py",
        "return rows.filter(is_watched)",
        "return rows",
        "tests/test_watched_classes.py -k knows_the_watched_child",
    ),
    Protection(
        "no look for a new object that is less",
        "scanning/scan_requests.py",
        "if created and named is None:",
        "if False:",
        "tests/test_watched_classes.py -k when_new",
    ),
    Protection(
        "child row that goes alone",
        "watched_fields.py",
        "return table in lines and not any(table is not line and issubclass(model, line) for line in lines)",
        "return table is self.owner",
        "tests/test_watched_classes.py -k child_row_that_goes",
    ),
    Protection(
        "registration that contradicts another",
        "registry.py",
        "if _registered.get((model, field_name), options) != options:",
        "if False:",
        "tests/test_watched_classes.py -k second_registration",
    ),
    Protection(
        "address that a project chose",
        "scanning/stored_files.py",
        "    except FetchRefused as error:\n        raise Skipped(Code.ADDRESS_REFUSED, error.message) from None\n",
        "",
        "tests/scanning/test_sources.py -k private_network",
    ),
    Protection(
        "bytes of one fetch",
        "copyleaks/fetch.py",
        "        if left < 0:\n            raise FetchedTooMuch",
        "        if False:\n            raise FetchedTooMuch",
        "tests/scanning/test_sources.py -k too_many_bytes",
    ),
    Protection(
        "name within JSON as text",
        "picture_fields.py",
        "expression = KeyTextTransform(key, expression)",
        "expression = KeyTransform(key, expression)",
        "tests/scanning/test_sources.py -k say_the_same",
    ),
    Protection(
        "decision about other bytes of before",
        "operations.py",
        "if is_same_file and is_decided else",
        "if is_decided else",
        "tests/test_operations.py -k mended_later",
    ),
    Protection(
        "column whose name begins alike",
        "operations.py",
        'return name == column or name.startswith(f"{column}{LOOKUP_SEP}")',
        "return name.startswith(column)",
        "tests/test_operations.py -k begins_alike",
    ),
    Protection(
        "one SELECT for several pictures",
        "scanning/scan_requests.py",
        "((name or latest.file_name) and not covers(name, by=latest))",
        "True",
        "tests/scanning/test_sources.py -k one_select_together",
    ),
    Protection(
        "files of before another class was named",
        "scanning/full_scan.py",
        "return self if self.classes == classes else",
        "return self if self else",
        "tests/test_watched_classes.py -k pays_for_no_files",
    ),
)
