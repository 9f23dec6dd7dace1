"""May this nation have this message, and in what form?"""
