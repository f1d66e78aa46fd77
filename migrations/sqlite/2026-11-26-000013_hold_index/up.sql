-- Admission looks at the holds that touch a span: of the many that begin in the hours before it, most are over by then, which the
-- index alone says.
DROP INDEX meetings_hold;
CREATE INDEX meetings_hold ON meetings (hold_from, hold_until);
