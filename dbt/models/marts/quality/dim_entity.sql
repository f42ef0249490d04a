-- What a person calls each entity, for the lists of quality, reconciliation, freshness and audit. Grain: one row per entity with a Spanish name.
select
    entity_name,
    entity_label
from {{ ref('entity_labels') }}
