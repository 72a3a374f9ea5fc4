# Batch normalisation, written out
# Ioffe and Szegedy (2015), Batch normalization
X: 3 x m
Y: 2 x m
W: 5 x 3
gamma, beta: 5 x 1
V: 2 x 5
Z = W @ X
mu = mean(Z, axis=1)
v = mean((Z - mu)**2, axis=1)
N = (Z - mu) / sqrt(v + 0.00001)
loss = mse(V @ relu(gamma * N + beta), Y)
