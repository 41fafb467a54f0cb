'use strict';

function show(posts) {
    const list = document.getElementById('posts');
    const template = document.getElementById('post').content;
    const articles = posts.map((post) => {
        const article = template.cloneNode(true);
        const time = article.querySelector('time');

        article.querySelector('h2').textContent = post.title;
        article.querySelector('.author').textContent = post.author;
        article.querySelector('.body').textContent = post.body;
        time.dateTime = post.created;
        time.textContent = new Date(post.created).toLocaleDateString('en', {dateStyle: 'long'});
        return article;
    });

    list.replaceChildren(...articles);
}

function fail(error) {
    document.getElementById('state').textContent = `The posts could not be loaded: ${error.message}.`;
}

fetch('/api/v1/posts/')
    .then((response) => {
        if (!response.ok)
            throw new Error(`the server answered ${response.status}`);
        return response.json();
    })
    .then(show)
    .catch(fail);
