"""Tables, permissions, roles and the first users, in Superset's own interpreter: `python -m superset_assets.setup_metadata`.

What `superset db upgrade`, `superset init` and `superset fab create-admin` do, in one start of the application (each start costs seconds).
Reads the passwords from CAUDAL_SUPERSET_ADMIN_PASSWORD and CAUDAL_SUPERSET_MANAGER_PASSWORD.
"""

import os

from superset.app import create_app

from superset_assets.rate_store import create_table
from superset_assets.setup_names import ADMIN, GUEST_ROLE, MANAGER, MANAGER_ROLE


def main() -> None:
    """Make what is missing; users that exist keep their data, their password becomes the installation's."""
    app = create_app()
    with app.app_context():
        from flask_migrate import upgrade
        from superset import appbuilder, security_manager

        upgrade()
        create_table()
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        role = security_manager.add_role(MANAGER_ROLE)  # the publisher gives them what their files say (roles/*.yml)
        security_manager.add_role(GUEST_ROLE)
        wanted = [
            (ADMIN, "Administración", [security_manager.find_role("Admin")], os.environ["CAUDAL_SUPERSET_ADMIN_PASSWORD"]),
            (MANAGER, "Gerencia", [role], os.environ["CAUDAL_SUPERSET_MANAGER_PASSWORD"]),
        ]
        for name, first_name, roles, password in wanted:
            user = security_manager.find_user(username=name)
            if user:
                security_manager.reset_password(user.id, password)
                user.roles = roles
                security_manager.update_user(user)
            elif not security_manager.add_user(name, first_name, "Caudal", f"{name}@caudal.invalid", roles, password=password):
                raise SystemExit(f"no se pudo crear el usuario {name} de Superset")


if __name__ == "__main__":
    main()
