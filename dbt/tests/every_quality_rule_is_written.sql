-- Every rule named in the seed looks at a population that exists, so that a typo in it is not a perfect score.
{{ config(severity='warn') }}
select r.rule_code, r.population
from {{ ref('int_quality__rule') }} as r
where not exists (select from {{ ref('int_quality__population_month') }} as p where p.population = r.population)
