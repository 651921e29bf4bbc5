"""The ASGI application: `uvicorn src.main:app`."""

from fastapi import FastAPI

from src.api.errors import install_error_handlers
from src.api.routes import auth, health, projects, sessions, tasks, users

app = FastAPI(title="Taskboard", version="1.8.0")
install_error_handlers(app)
for module in (health, auth, sessions, projects, tasks, users):
    app.include_router(module.router)
