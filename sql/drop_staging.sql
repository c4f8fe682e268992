{#- Drops one staging table, once every row of it is merged. -#}
DROP TABLE {{ staging.table }}
