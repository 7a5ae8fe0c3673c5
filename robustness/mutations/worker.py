"""The protections of ``worker/``."""

from .protection import Protection

PROTECTIONS = (
    Protection(
        "watchdog of the loops",
        "worker/loop.py",
        "        self._watchdog.check()\n",
        "",
        "tests/worker/test_hangs.py -k loop_that_hangs__ends_the_worker",
    ),
    Protection(
        "watchdog of the threads",
        "worker/loop.py",
        "        self._scans.check()\n",
        "",
        "tests/worker/test_hangs.py -k every_thread_hangs",
    ),
    Protection(
        "loop that died",
        "worker/loop.py",
        "if dead and not self._is_stopping:",
        "if False:",
        "tests/worker/test_hangs.py -k loop_that_dies",
    ),
    Protection(
        "heartbeat means progress",
        "worker/loop.py",
        "if not self._watchdog.silent(UNWELL_SECONDS):\n            account",
        "if True:\n            account",
        "tests/worker/test_hangs.py -k heartbeat",
    ),
    Protection(
        "thread that died",
        "worker/scan_threads.py",
        "                del self._begun_at[current_thread()]\n",
        "",
        "tests/worker/test_hangs.py -k thread_that_dies",
    ),
    Protection(
        "stop that waits for nothing that hangs",
        "worker/loop.py",
        "loop.join(max(0.0, until - time.monotonic()))",
        "loop.join()",
        "tests/worker/test_hangs.py -k heartbeat",
    ),
    Protection(
        "process of somebody else",
        "worker/ending.py",
        "return current_thread() is main_thread()",
        "return True",
        "tests/worker/test_hangs.py -k command_in_a_thread",
    ),
    Protection(
        "second signal",
        "worker/ending.py",
        "            os._exit(128 + number)\n",
        "            pass\n",
        "tests/worker/test_process.py -k told_to_stop",
    ),
    Protection(
        "rest of a worker that polls seldom",
        "worker/watchdog.py",
        "time.monotonic() - seconds - self._pause",
        "time.monotonic() - seconds",
        "tests/worker/test_hangs.py -k rests_for_long",
    ),
    Protection(
        "sent once it is marked as sent",
        "worker/loop.py",
        "if seconds <= rate.HEAD_START.total_seconds():",
        "if seconds < 0:",
        "tests/worker/test_hangs.py -k right_before_its_slot",
    ),
    Protection(
        "claims after the last scan is finished",
        "worker/loop.py",
        "if not (self._judge() + self._claim() or was_busy):",
        "if not (self._judge() + self._claim() or self._scans.is_busy):",
        "tests/worker/test_loop.py -k finished_meanwhile",
    ),
    Protection(
        "sign of life means progress",
        "worker/loop.py",
        "                if not self._watchdog.silent(UNWELL_SECONDS):\n                    self._sign",
        "                if True:\n                    self._sign",
        "tests/worker/test_sign_of_life.py -k as_long_as_all_its_loops",
    ),
    Protection(
        "no link of another user",
        "worker/sign_of_life.py",
        'os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)',
        "os.O_WRONLY | os.O_CREAT",
        "tests/worker/test_sign_of_life.py -k is_not_followed",
    ),
)
