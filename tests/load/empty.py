"""The least that FastAPI can do: the reference for requests per second."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def answer() -> dict[str, str]:
    """Nothing, in a thread, as every endpoint of ours that does not stay open."""
    return {}
