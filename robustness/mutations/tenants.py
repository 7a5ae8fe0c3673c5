"""The protections of tenants, none of whom may meet what is another's."""

from .protection import Protection

_TESTS = "tests/test_tenants.py -k "

PROTECTIONS = (
    Protection(
        "tenant whom a callback names",
        "endpoints/webhook.py",
        'with tenants.active(addresses.tenant_of(kwargs["token"])):',
        "with tenants.active(None):",
        _TESTS + "callback__is_answered",
    ),
    Protection(
        "tenant whom a fetch names",
        "endpoints/media.py",
        "    with tenants.active(addresses.tenant_of(token)):\n        return",
        "    if True:\n        return",
        _TESTS + "fetch__is_answered",
    ),
    Protection(
        "no tables to ask without a tenant",
        "endpoints/webhook.py",
        "        if tenants.is_missing():\n            raise NotFound\n",
        "",
        _TESTS + "callback__is_answered",
    ),
    Protection(
        "secret of one tenant",
        "scanning/addresses.py",
        "return Signer(salt=_BEFORE_TENANT.join([salt, *tenants.names()]))",
        "return Signer(salt=salt)",
        _TESTS + "tokens__open",
    ),
    Protection(
        "token that names nobody",
        "scanning/addresses.py",
        " or tenant != tenants.current():",
        ":",
        _TESTS + "tokens__open",
    ),
    Protection(
        "tenant of what follows a commit",
        "tenants.py",
        "transaction.on_commit(carried(work), using",
        "transaction.on_commit(work, using",
        _TESTS + "work_of_later",
    ),
    Protection(
        "tenant of a thread that renews",
        "renewal.py",
        "target=tenants.carried(keep_renewing)",
        "target=keep_renewing",
        _TESTS + "work_of_later",
    ),
    Protection(
        "tenant of an answer in pieces",
        "streaming.py",
        "    pieces = carried_pieces(pieces)\n",
        "",
        _TESTS + "work_of_later",
    ),
    Protection(
        "leases of each tenant",
        "scanning/leases.py",
        "tenant = tenants.current()\n    return _keepers.get",
        'tenant = ""\n    return _keepers.get',
        _TESTS + "kept_in_memory",
    ),
    Protection(
        "figures of each tenant",
        "admin/figures.py",
        '    key += f".{tenants.current()}"\n',
        "",
        _TESTS + "kept_in_memory",
    ),
    Protection(
        "tenant whose turn fails is left out",
        "worker/turns.py",
        "            self._rests_until[name] = time.monotonic() + REST_SECONDS\n",
        "",
        _TESTS + "leaves_out",
    ),
    Protection(
        "scans of a turn are finished in it",
        "worker/loop.py",
        "                    self._finish_turn()\n",
        "                    self._tenant = None\n",
        _TESTS + "scans_are_finished",
    ),
)
