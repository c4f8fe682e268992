CREATE TABLE "onerow.removals" (run_id @text, run_started_at @integer, record_id @text, rule @text, table_name @text,
  step @text, date @date, row_id @text, survivor_row_id @text, rank @integer, keep_values @text,
  survivor_keep_values @text, removed_row @text, survivor_before @text, survivor_after @text);
