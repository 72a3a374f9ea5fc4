# A factorisation machine
# Rendle (2010), Factorization machines
X: 6 x m
Y: 1 x m
w0: 1 x 1
w: 1 x 6
V: 3 x 6
pairs = sum((V @ X)**2, axis=0) - sum(V**2 @ X**2, axis=0)
loss = mse(w0 + w @ X + pairs / 2, Y)
