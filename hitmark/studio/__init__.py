"""The browser editor: a FastAPI server, one worker process, and the page in `page/`. Importing this is cheap."""
