"""Print /openapi.json without starting anything: `python -m raro.api.schema`."""

from __future__ import annotations

import json
import sys

from raro.api.app import describe

if __name__ == "__main__":
    json.dump(describe(), sys.stdout, indent=1, sort_keys=True)
