"""Lists of customers for mass mailing, from `mart_contact__segment` (role pii) or its masked twin (role read). Each export leaves a row in
`ops.contact_export`.
"""
