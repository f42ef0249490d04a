"""Names of the first users and roles, shared by both interpreters."""

ADMIN, MANAGER, MANAGER_ROLE = "admin", "gerencia", "Gerencia"
GUEST_ROLE = "Invitado"
