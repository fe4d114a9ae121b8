"""quests: what there is to do."""
