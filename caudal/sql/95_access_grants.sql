-- After 90: neither the loader nor dbt gives access to anybody, or rewrites who was given it.
revoke insert, update, delete on ops.user_access, ops.user_access_event from caudal_load, caudal_transform;
