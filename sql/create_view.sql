{#- Creates the read-side view. -#}
CREATE OR REPLACE VIEW {{ rule.view }} AS
{% include "current.sql" %}
