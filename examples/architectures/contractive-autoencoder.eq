# A contractive autoencoder: the squared Jacobian of the code as a penalty
# Rifai, Vincent, Muller, Glorot and Bengio (2011), Contractive auto-encoders
X: 5 x m
W: 3 x 5
b: 3 x 1
c: 5 x 1
H = sigmoid(W @ X + b)
R = sigmoid(W.T @ H + c)
J = sum((H * (1 - H))**2 * sum(W**2, axis=1))
loss = bce(R, X) + 0.1 * J / m
