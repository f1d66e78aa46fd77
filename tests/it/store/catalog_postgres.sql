WITH tables AS (
    SELECT c.oid, c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname NOT LIKE '\_\_%'
)
SELECT 'column ' || t.name || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' required' ELSE '' END || CASE WHEN a.atthasdef THEN ' with a default' ELSE '' END AS a,
       NULL AS b, NULL AS c
  FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT CASE WHEN i.indisprimary THEN 'primary key ' ELSE 'index ' END || t.name || ' ('
       || (SELECT string_agg(coalesce(a.attname::text, 'expression'), ', ' ORDER BY k.place)
             FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place)
             LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number AND k.number > 0) || ')'
       || CASE WHEN i.indisunique AND NOT i.indisprimary THEN ' unique' ELSE '' END
       || CASE WHEN i.indpred IS NOT NULL THEN ' partial' ELSE '' END, NULL, NULL
  FROM tables t JOIN pg_index i ON i.indrelid = t.oid
UNION ALL
SELECT 'reference ' || t.name || ' ('
       || (SELECT string_agg(a.attname::text, ', ' ORDER BY k.place) FROM unnest(f.conkey) WITH ORDINALITY k (number, place)
             JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number)
       || ') to ' || f.confrelid::regclass::text || ' ('
       || (SELECT string_agg(a.attname::text, ', ' ORDER BY k.place) FROM unnest(f.confkey) WITH ORDINALITY k (number, place)
             JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number)
       || ') on delete ' || CASE f.confdeltype WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade'
                                  WHEN 'n' THEN 'set null' ELSE 'set default' END, NULL, NULL
  FROM tables t JOIN pg_constraint f ON f.conrelid = t.oid AND f.contype = 'f'
