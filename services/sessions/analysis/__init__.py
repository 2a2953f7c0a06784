"""The ear: hears what was played in a recording and judges it against the notes of the score.

What it can judge: one player, one line, one note at a time, from 27 to 4,300 Hz. Right and wrong pitches to a quarter tone,
after the tuning of the instrument is taken off; notes a sixteenth or more off the player's own pulse; notes and whole bars
left out; notes added. It follows another tempo than asked, drift, hesitation, and passages played again (the best time
counts). Measured over 60 performances of 13 scores that it was not made with, by six made-up instruments at 60 to 120 beats a
minute in 30 dB of noise: wrong notes with precision 1.00 and recall 0.99, late ones with 0.97 and 0.96
(`tests/sessions/analysis`, nightly).

What it cannot judge, and says so: chords and several players, sound less than about 5 dB over the noise, silence, another
piece. What it cannot judge and does not notice: a bar left out beside one that is the same; which of two notes of one pitch
was played where nothing parts them; ornaments, dynamics, articulation, tone. A double stop here and there counts as a wrong
note. It was measured on synthesised sound, with noise and rooms, not yet on recordings of people.

It works on numbers in memory alone: samples and expected notes in, a judgement out. Reading MusicXML, decoding audio, jobs,
pictures and words are others' business. `notes` is plain Python; everything else needs numpy and belongs in a child process.
"""
