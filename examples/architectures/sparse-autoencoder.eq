# A sparse autoencoder: the mean of every unit near 0.05
# Ng (2011), Sparse autoencoder
X: 5 x m
W: 3 x 5
V: 5 x 3
b: 3 x 1
c: 5 x 1
rho = 0.05
H = sigmoid(W @ X + b)
r = mean(H, axis=1)
kl = sum(rho * log(rho / r) + (1 - rho) * log((1 - rho) / (1 - r)))
loss = mse(V @ H + c, X) + 3 * kl
