-- Licenses that people put on our seats at Zoom: its limit of license assignments counts them too.
ALTER TABLE move_days ADD COLUMN by_people INTEGER NOT NULL DEFAULT 0;
