{# The words of a name or address, without accents, in capitals, in alphabetical order: 'Peña, José' and 'JOSE  PENA' are the same. #}
{% macro name_words(text) -%}
    array(
        select w.word
        from regexp_split_to_table(
            upper(translate(coalesce({{ text }}, ''), 'áéíóúüñÁÉÍÓÚÜÑ', 'aeiouunAEIOUUN')), '[^A-Z0-9]+'
        ) as w (word)
        where w.word <> ''
        order by 1
    )
{%- endmacro %}
