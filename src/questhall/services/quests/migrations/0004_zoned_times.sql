-- A draft of before could be kept with a time that names no zone. It could not be published; it is read as UTC now.
UPDATE quests SET definition = jsonb_set(definition, '{available_from}', to_jsonb((definition ->> 'available_from') || 'Z'))
WHERE definition ->> 'available_from' !~ '(Z|[+-]\d\d:\d\d)$';
UPDATE quests SET definition = jsonb_set(definition, '{available_until}', to_jsonb((definition ->> 'available_until') || 'Z'))
WHERE definition ->> 'available_until' !~ '(Z|[+-]\d\d:\d\d)$';
