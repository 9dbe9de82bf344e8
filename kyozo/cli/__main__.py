"""`python -m kyozo.cli`, which bin/kyozo runs."""

import sys

from kyozo.cli.main import main

sys.exit(main())
