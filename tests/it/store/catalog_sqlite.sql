WITH tables AS (
    SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_\_%' ESCAPE '\'
)
SELECT 'column ' || t.name || '.' || c.name || ' ' || lower(c.type)
       || iif(c."notnull" = 1, ' required', '') || iif(c.dflt_value IS NULL, '', ' with a default') AS a, NULL AS b, NULL AS c
  FROM tables t, pragma_table_info(t.name) c
UNION ALL
SELECT 'primary key ' || t.name || ' ('
       || (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_table_info(t.name) WHERE pk > 0 ORDER BY pk)) || ')', NULL, NULL
  FROM tables t
UNION ALL
SELECT 'index ' || t.name || ' ('
       || (SELECT group_concat(coalesce(name, 'expression'), ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')'
       || iif(i."unique" = 1, ' unique', '') || iif(i.partial = 1, ' partial', ''), NULL, NULL
  FROM tables t, pragma_index_list(t.name) i WHERE i.origin <> 'pk'
UNION ALL
SELECT 'reference ' || t.name || ' (' || group_concat(f."from", ', ') || ') to ' || f."table" || ' ('
       || group_concat(coalesce(f."to", (SELECT name FROM pragma_table_info(f."table") WHERE pk = f.seq + 1)), ', ')
       || ') on delete ' || lower(f.on_delete), NULL, NULL
  FROM tables t, pragma_foreign_key_list(t.name) f GROUP BY t.name, f.id
