"""Names of the first users and roles, and the base map's address, shared by both interpreters."""

ADMIN, MANAGER, MANAGER_ROLE = "admin", "gerencia", "Gerencia"
GUEST_ROLE = "Invitado"
BASE_MAP = "/caudal/mapa/{z}/{x}/{y}.png"
PAGE = 5000  # of a list of the API: all of it, since not every list can be ordered so that pages neither repeat nor skip
