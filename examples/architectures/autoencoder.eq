# A linear autoencoder, whose code spans the principal components
# Baldi and Hornik (1989), Neural networks and principal component analysis
X: 5 x m
W: 2 x 5
V: 5 x 2
H = W @ X
loss = mse(V @ H, X)
