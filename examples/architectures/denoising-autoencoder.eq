# A denoising autoencoder with tied weights
# Vincent, Larochelle, Bengio and Manzagol (2008), Extracting and composing robust features
X: 5 x m
N: 5 x m input
W: 3 x 5
b: 3 x 1
c: 5 x 1
H = sigmoid(W @ N + b)
R = sigmoid(W.T @ H + c)
loss = bce(R, X)
