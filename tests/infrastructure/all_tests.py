"""Runs every module of tests beside the others, since Terraform mostly waits; shows each when it is done."""

import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main():
    modules = sorted(file.stem for file in HERE.glob("*_test.py"))
    failed, lock = [], threading.Lock()

    def run(module):
        command = [sys.executable, "-B", "-m", "unittest", "--verbose", module]
        done = subprocess.run(
            command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        with lock:
            print(f"-- {module}\n{done.stdout}", flush=True)
            if done.returncode != 0:
                failed.append(module)

    threads = [threading.Thread(target=run, args=[module]) for module in modules]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        sys.exit(f"failed: {', '.join(sorted(failed))}")


if __name__ == "__main__":
    main()
