import pytest

from django_copyleaks_image.emulator.options import Options
from django_copyleaks_image.emulator.vendors import VENDORS


@pytest.mark.parametrize("name", VENDORS)
def test_vendor__sets_its_options(name: str) -> None:
    options = Options(vendor=name)

    assert {each: getattr(options, each) for each in VENDORS[name]} == dict(VENDORS[name])


def test_option_that_is_given__goes_before_that_of_the_vendor() -> None:
    options = Options(vendor="sibling", repeated="charged", faults={"gzip": 0.0})

    assert (options.repeated, options.heatmap_key) == ("charged", "overlay")
    assert options.faults == {"scanned-image": 1.0, "gzip": 0.0}


def test_file_name__goes_before_the_vendor() -> None:
    assert Options(vendor="sibling").under(frozenset({"repeated-free"})).repeated == "free"


def test_vendor__that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="vendor must be one of"):
        Options(vendor="other")
