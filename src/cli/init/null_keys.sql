{#- A step of your own. It is rendered, checked, run and logged like the shipped ones, because
    the rule's `steps` name it; `onerow run null_keys --date YESTERDAY` runs it by itself.
    It shows active rows whose key has a NULL: they all count as one thing. -#}
SELECT
  {{ rule.row_id }} AS row_id,
  {{ rule.key | commas }}
FROM {{ rule.table }}
WHERE {{ window.filter }}
  AND {{ rule.active }}
  AND ({% for part in rule.key %}{{ part }} IS NULL{% if not loop.last %} OR {% endif %}{% endfor %})
ORDER BY row_id
LIMIT {{ vars.limit }}
