{#- Drops the read-side view. -#}
DROP VIEW {{ rule.view }}
