CREATE TABLE "@table" (id @text, d @date, game @text, player @text, score @integer, active @bool, created_at @timestamp);
