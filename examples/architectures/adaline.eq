# Adaline
# Widrow and Hoff (1960), Adaptive switching circuits
X: 3 x m
Y: 1 x m
w: 1 x 3
E = Y - w @ X
loss = sum(E**2)
