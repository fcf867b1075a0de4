NAME="x"
def recognises(source): return False
