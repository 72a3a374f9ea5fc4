# One step of a modern Hopfield network: a state is drawn to stored patterns
# Ramsauer et al. (2021), Hopfield networks is all you need
R: 4 x m input
Y: 4 x m
X: 4 x 6 parameter
s: 1 x 1
loss = mse(X @ softmax(exp(s) * (X.T @ R)), Y)
