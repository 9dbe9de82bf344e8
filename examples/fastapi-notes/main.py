"""Notes kept in memory: enough to see JSON, validation and the generated /docs page."""

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

app = FastAPI(title="Notes")
notes: dict[int, str] = {}


class Note(BaseModel):
    text: str = Field(min_length=1, max_length=500)


@app.get("/")
def index() -> dict[str, object]:
    return {"app": "FastAPI notes", "notes": notes}


@app.post("/notes", status_code=201)
def add(note: Note) -> dict[str, object]:
    number = len(notes) + 1
    notes[number] = note.text
    return {"number": number, "text": note.text}


@app.get("/notes/{number}")
def read(number: int) -> dict[str, object]:
    if number not in notes:
        raise HTTPException(status_code=404, detail="no such note")
    return {"number": number, "text": notes[number]}


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}
