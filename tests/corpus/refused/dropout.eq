# Dropout by name
X: 3 x m
Y: 2 x m
W: 2 x 3
loss = mse(W @ dropout(X, 0.5), Y)
