"""Attempts to make more of a condition, an order or a statistic than it may be."""

from __future__ import annotations

#: Conditions, all to be refused.
INJECTIONS = [
    "1=1; DROP TABLE items", "1=1;", ";", "1=1 UNION SELECT * FROM items", "1=1 UNION ALL SELECT 1,2,3",
    "OBJECTID IN (SELECT id FROM details)", "(SELECT 1) = 1", "EXISTS (SELECT 1 FROM items)", "1=1 --",
    "1=1 -- comment", "1=1 /* */", "/**/1=1", "1/**/=/**/1", "Name = 'a'--'", "# 1=1",
    "Name = '' OR '1'='1' --", "x' OR '1'='1", "' OR 1=1", "Name = 'a' 'b'", "Name = \"a\"\"",
    "sqlite_version() = '3'", "load_extension('x') IS NULL", "randomblob(1000000000) IS NULL",
    "abs(OBJECTID) = 1", "zeroblob(10) IS NULL", "hex(Name) = ''", "substr(Name,1,1) = 'a'",
    "readfile('/etc/passwd') = ''", "UPPER(load_extension('x')) = ''", "writefile('x', 'y') = 1",
    "char(39) = Name", "printf('%s', 1) = 1", "CASE WHEN 1=1 THEN 1 ELSE 0 END = 1",
    "CAST(Name AS INTEGER) = 1", "Name::text = 'a'", "CAST(1 AS DATE) = 1", "Name COLLATE NOCASE = 'a'",
    "Name GLOB '*'", "Name REGEXP '.*'", "Name MATCH 'a'", "Name ILIKE 'a'", "Name SIMILAR TO 'a'",
    "Name RLIKE 'a'", "Name LIKE ANY ('a')", "Name = ANY (SELECT 1)", "OBJECTID = ALL (1)", "rowid = 1",
    "_rowid_ = 1", "oid = 1", "sqlite_master = 1", "items.Name = 'a'", "main.items.Name = 'a'",
    "\"items\".\"Name\" = 'a'", "t.Name = 'a'", "[Name] = 'a'", "`Name` = 'a'", "Name[0] = 'a'",
    "Name.x = 1", "Name -> 'a' = 1", "Name ->> 'a' = 1", "Name || 'a' = 'b'", "OBJECTID & 1 = 1",
    "OBJECTID | 1 = 1", "OBJECTID << 1 = 2", "OBJECTID >> 1 = 2", "OBJECTID % 2 = 0", "OBJECTID ^ 1 = 1",
    "~OBJECTID = 1", "OBJECTID ** 2 = 1", "OBJECTID == 1 == 1", "1 = 1 = 1", "(1=1) = (2=2)",
    "(1=1) + 1 = 2", "(1=1) IS NULL", "? = 1", "?1 = 1", ":a = 1", "@a = 1", "$a = 1", "@@version = 1",
    "{{ x }} = 1", "{% x %}", "$$a$$ = Name", "x'41' = Name", "b'1' = 1", "0x41 = 1", "N'a' = Name",
    "E'a' = Name", "U&'a' = Name", "1_000 = 1", "1e999 = 1", "1=1 ORDER BY Name", "1=1 LIMIT 1",
    "1=1 GROUP BY Name", "1=1 HAVING 1=1", "1=1 WINDOW w", "1=1 OFFSET 1", "1=1 INTO OUTFILE 'x'",
    "ATTACH DATABASE 'x' AS y", "PRAGMA journal_mode", "VACUUM", "INSERT INTO items", "DELETE",
    "UPDATE items SET Name = 1", "CREATE TABLE x (y)", "WITH x AS (SELECT 1) SELECT 1", "VALUES (1)",
    "SELECT 1", "1=1 AND (DELETE FROM items)", "Name = (1, 2)", "(Name, Name) = ('a', 'b')",
    "(Name, Name) IN (('a', 'b'))", "Name IN (*)", "* = 1", "COUNT(*) > 1", "Name IS DISTINCT FROM 'a'",
    "Name ISNULL", "Name NOTNULL", "Name IS TRUE", "Name BETWEEN SYMMETRIC 'a' AND 'b'", "Name IN 'a'",
    "Name IN Name", "Name IN UNNEST(Name)", "INTERVAL '1' DAY = 1",
    "Date - INTERVAL '1 12' DAY TO HOUR > 1", "Date - INTERVAL '1' MONTH > 1",
    "Date - INTERVAL 'x' DAY > 1", "CURRENT_DATE - INTERVAL '99999' YEAR < Date",
    "DATE '0000-01-01' = Date", "CURRENT_USER = 'a'", "CURRENT_TIME = 1", "NOW() = 1", "Shape IS NULL",
    "Shape = 'a'", "Name\x00 = 'a'", "Name = '\x00'", "Name = '\ud800'", "Name LIKE 'a' ESCAPE 'bc'",
    "Name LIKE 'a' ESCAPE ''", "Name LIKE 'ab' ESCAPE 'b'", "Name LIKE NULL", "Name LIKE UPPER('a')",
    "Name ESCAPE 'a'", "Category = 1 ESCAPE 'b'", "Name = 'a' AS b", "Name b", "1=1, 1=1",
    "DISTINCT Name = 'a'", "UPPER(DISTINCT Name) = 'a'", "UPPER(Name, Name) = 'A'", "UPPER() = 'A'",
    "UPPER(*) = 'A'", "\"Name\"('a') = 1", "Category('a') = 1", "AND", "OR 1=1", "AND 1=1", "()", "NOT ()",
    "',',", "1=1 OR", "IN (1)", "LIKE 'a'", "Date '2020-01-01", "LAMBDA x: 1", "x -> 1", "Name => 1",
    "Name := 1", "Name <=> 'a'", "Name ?? 'a'", "Name ? 'a' : 'b'", "Name @> 'a'", "Name ~ 'a'",
    "Name !~ 'a'", "\\x41 = 1", "Name = 'a' \\", "é = 1", "Name = 1 OVER ()",
    "Name = 'a' FILTER (WHERE 1=1)", "LATERAL 1", "TABLE items", "UPPER (SELECT 1) = 'A'", "１ = １ FROM",
    "Date = {d '2020-01-01'}", "Date = {ts '2020-01-01'}", "TRUE", "1=1 AND TRUE", "Name = %27a%27 UNION",
    "²=1",
]  # fmt: skip

#: Names of fields for orders, lists and statistics.
FIELDS = [
    "Rank; DROP TABLE items", "Rank DESC; --", "Rank DESC", "Rank, Name", "1", "(SELECT 1)",
    "(SELECT key FROM keys)", "Rank--", "Rank/**/", "Rank)", "(Rank)", "\"Rank\" DESC", "items.Rank",
    "\"items\".\"Rank\"", "rowid", "_rowid_", "oid", "_xmin", "_parts", "locked.key", "near.box", "id",
    "key", "random()", "RANDOM()", "abs(Rank)", "load_extension('x')",
    "CASE WHEN 1=1 THEN Rank ELSE Name END", "Rank COLLATE NOCASE", "Rank UNION SELECT 1", "Rank LIMIT 1",
    "Rank' OR '1'='1", "'Rank'", "`Rank`", "[Rank]", "Rank\x00", "Rank\n;", "?", "?1", ":a", "@a", "$a",
    "*", "+Rank", "-Rank", "Rank+1", "Rank||Name", "Rank -> 1", "NULL", "TRUE", "", "  ", "\"\"", "\"",
    "\uff32\uff21\uff2e\uff2b", "Rank\u200b", "x" * 10000,
]  # fmt: skip

#: Functions of statistics.
FUNCTIONS = [
    "count(*)", "COUNT(*) FROM keys --", "sum); DROP TABLE items; --", "avg(Rank)", "total",
    "group_concat", "load_extension", "randomblob", "zeroblob", "json_group_array", "readfile",
    "percentile", "median", "sum(", "(SELECT", "min,max", "", "1", "count distinct", "*", "SUM\x00",
    "\uff53\uff55\uff4d", "max(Rank),min",
]  # fmt: skip
