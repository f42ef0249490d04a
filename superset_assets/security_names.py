"""What `security.py`, in Superset's interpreter, and the publisher, in Caudal's, must both know."""

import re

GUEST_ROLE = "invitado"  # of ops.user_access: the only accesses that a guest's token can use
CODE = re.compile(r"[\w ./-]+")  # a code of a municipality or sector: what a rule's SQL may hold between quotes
