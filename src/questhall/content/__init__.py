"""Content as files: a folder of YAML that managers keep, and the commands that export, plan and apply it."""
